"""collection.toml: what is taken, and what a typo is answered with."""

from pathlib import Path

import pytest

from service.ingest.collection import CollectionError, load_collection, parse_collection


def test_everything_that_can_be_said() -> None:
    collection = parse_collection(
        """
        name = "harps"
        title = "HARPS"
        description = "Spectra"
        licence = "CC BY 4.0"
        root = "data"
        include = ["*.fits"]
        exclude = ["raw"]
        reader = "eso_phase3"
        readable_by = ["team"]
        [constants]
        obs_collection = "HARPS-S"
        calib_level = 2
        [defaults]
        facility_name = "ESO-3.6"
        t_exptime = 10.5
        [header]
        CUNIT1 = "Angstrom"
        VACUUM = true
        """,
        "c.toml",
    )
    assert collection.stated("constants") == {"obs_collection": "HARPS-S", "calib_level": 2}
    assert collection.stated("defaults") == {"facility_name": "ESO-3.6", "t_exptime": 10.5}
    assert collection.header == {"CUNIT1": "Angstrom", "VACUUM": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('name = "a"\ntitel = "x"', "c.toml, line 2: unknown key `titel`; did you mean `title`?"),
        (
            'name = "a"\n\n[constants]\nfacility_nam = "x"',
            "c.toml, line 4: unknown key `constants.facility_nam`; did you mean `facility_name`?",
        ),
        (
            'name = "a"\n[constant]\nfacility_name = "x"',
            "c.toml, line 2: unknown key `constant`; did you mean `constants`?",
        ),
        (
            'name = "a"\nfacility_name = "x"',
            "line 2: `facility_name` is an ObsCore column: write it under [constants]",
        ),
        ('title = "a"', "the key `name` is missing"),
        ('name = "a b"', "line 1: `name`: string should match pattern"),
        ('name = "capabilities"', "line 1: `name`: /ssap/capabilities is no collection"),
        ('name = "a"\nreader = "sdds"', "line 2: `reader`: no such reader; did you mean `sdss`?"),
        ('name = "a"\ninclude = "*.fits"', "line 2: `include`: input should be a valid list"),
        ('name = "a"\n[defaults]\ncalib_level = 7', "line 3: `defaults.calib_level`: input should"),
        ('name = "a"\n[header]\nNAXIS1 = 3', "NAXIS1 says how the file is built"),
        ('name = "a"\ntitle = x', "c.toml is not valid TOML: Invalid value (at line 2, column 9)"),
    ],
)
def test_a_typo_names_key_line_and_remedy(text: str, message: str) -> None:
    with pytest.raises(CollectionError) as caught:
        parse_collection(text, "c.toml")
    assert message in caught.value.message


def test_the_root_must_exist(tmp_path: Path) -> None:
    toml = tmp_path / "collection.toml"
    toml.write_text('name = "a"\nroot = "nowhere"')
    with pytest.raises(CollectionError, match=r"line 2: the root directory 'nowhere'"):
        load_collection(toml)
    with pytest.raises(CollectionError, match="cannot be read: No such file"):
        load_collection(tmp_path / "missing.toml")
    toml.write_text('name = "a"')
    assert load_collection(toml)[1] == str(tmp_path)
