#!/bin/bash
# Run once by the postgres image: the archive's database and its two roles (docs/operations.md).
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username postgres \
	--set owner="$OWNER_PASSWORD" --set reader="$READER_PASSWORD" <<'SQL'
CREATE ROLE starhaul LOGIN CREATEROLE PASSWORD :'owner';
CREATE ROLE starhaul_reader LOGIN PASSWORD :'reader';
GRANT starhaul_reader TO starhaul WITH ADMIN OPTION;
GRANT SET ON PARAMETER temp_file_limit TO starhaul;
CREATE DATABASE starhaul OWNER starhaul;
SQL
