
# Downloads a package of files, unpacks it into the folder $NAME and compares every file with its
# checksum. After any interruption run it again: it goes on where it stopped.
#
#   sh get.sh [-l] [-n] [-d]
#
#   -l  list the parts and end        -n  download only, do not unpack
#   -d  delete each part once its files are unpacked and checked
#
# STARHAUL_TOKEN is sent as a bearer token; otherwise ~/.netrc is used where it names the host.

set -u
unpack=yes delete=no
while getopts lnd option; do
    case $option in
        l) list; exit ;;
        n) unpack=no ;;
        d) delete=yes ;;
        *) echo "usage: sh get.sh [-l] [-n] [-d]" >&2; exit 2 ;;
    esac
done

say() { echo "get.sh: $*" >&2; }

alive() { # what a killed script has begun goes no further: another run may be at the same files
    kill -0 $$ 2>/dev/null || exit 1
}

octets() { # of a file, 0 where there is none
    if [ -f "$1" ]; then wc -c <"$1" | tr -d ' '; else echo 0; fi
}

check() { # a list of checksums in the current folder
    if [ ! -s "$1" ]; then
        [ -f "$1" ]
    elif command -v sha256sum >/dev/null; then
        sha256sum --quiet -c "$1"
    else
        shasum -a 256 --quiet -c "$1"
    fi
}

transfer() { # file, URL: one attempt, from where the file ends
    if command -v curl >/dev/null; then
        if [ -n "${STARHAUL_TOKEN:-}" ]; then
            printf 'header = "Authorization: Bearer %s"\n' "$STARHAUL_TOKEN" |
                curl -K - -fL -# -C - -o "$1" "$2"
        else
            curl --netrc-optional -fL -# -C - -o "$1" "$2"
        fi
    elif command -v wget >/dev/null; then
        if [ -n "${STARHAUL_TOKEN:-}" ]; then
            wget -q --show-progress --tries=1 -c -O "$1" \
                --header="Authorization: Bearer $STARHAUL_TOKEN" "$2"
        else
            wget -q --show-progress --tries=1 -c -O "$1" "$2"
        fi
    else
        say "neither curl nor wget is here; install one of them"
        exit 2
    fi
}

download() { # size, file, URL: attempts go on while bytes arrive, and stop after six without any
    vain=0
    while alive && before=$(octets "$2") && [ "$before" -ne "$1" ]; do
        if [ "$before" -gt "$1" ]; then # another run, not quite ended, wrote to it too
            rm -f "$2"
            before=0
        fi
        if [ "$vain" -gt 0 ]; then
            [ "$vain" -lt 6 ] || return 1
            sleep $((vain * 2))
        fi
        transfer "$2" "$3"
        after=$(octets "$2")
        if [ "$after" -gt "$before" ] && [ "$after" -le "$1" ]; then
            vain=0
        else
            vain=$((vain + 1))
        fi
    done
}

unpacked() { # file: whether its files were unpacked and lie here as the archive has them
    [ -f "$NAME.done" ] && grep -qxF "$1" "$NAME.done" && whole "$1"
}

whole() {
    number=${1##*-}
    (cd "$NAME" && check "part-${number%.*}.sha256") >/dev/null 2>&1
}

extract() {
    alive
    case $1 in
        *.zip) unzip -qo "$1" ;;
        *) tar -xf "$1" ;;
    esac && whole "$1" && echo "$1" >>"$NAME.done"
}

anew() { # size, file, URL: where another run, not quite ended, wrote to the file too
    say "$2 is not what the archive sent; it is fetched from the beginning"
    rm -f "$2"
    download "$@" && extract "$2"
}

failed=$(list | {
    while read -r size file url; do
        if [ "$unpack" = yes ] && unpacked "$file"; then
            [ "$delete" = no ] || rm -f "$file"
            continue
        fi
        say "$file, $size bytes"
        if ! download "$size" "$file" "$url"; then
            echo "$file could not be downloaded; see $url"
        elif [ "$unpack" = yes ] && ! extract "$file" && ! anew "$size" "$file" "$url"; then
            echo "$file is not what the archive sent; run this again later"
        elif [ "$unpack" = yes ] && [ "$delete" = yes ]; then
            rm -f "$file"
        fi
    done
})

if [ -n "$failed" ]; then
    say "not everything is here:"
    echo "$failed" >&2
    exit 1
fi
if [ "$unpack" = yes ]; then
    (cd "$NAME" && check manifest-sha256.txt) || exit 1
    say "$NAME holds all files as the archive has them"
else
    say "all parts are here"
fi
