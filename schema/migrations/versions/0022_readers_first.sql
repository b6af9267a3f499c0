-- An error of a query's condition tells of the row it was computed for. PostgreSQL computes the
-- conditions on a table in the order of their cost: this one costs less than any operator, so that no
-- other is computed for a row that must not be read. starhaul.may_read is the same, written out in
-- the query that calls it, where it costs more than most conditions. A view with security_barrier
-- would keep conditions on regions and joins on distance from their indexes.
CREATE FUNCTION starhaul.is_reader(readable_by text[]) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 0.0001 AS $$
BEGIN
    RETURN starhaul.may_read(readable_by);
END $$;
GRANT EXECUTE ON FUNCTION starhaul.is_reader TO starhaul_reader;

CREATE OR REPLACE VIEW ivoa.obscore AS
SELECT
    dataproduct_type, calib_level, obs_collection, obs_id, obs_publisher_did,
    CASE WHEN holding_id IS NULL
         THEN current_setting('starhaul.public_url', true) || '/datalink/links?ID='
              || starhaul.url_quote(obs_publisher_did)
         ELSE current_setting('starhaul.public_url', true) || '/files/' || holding_id
    END AS access_url,
    access_format, access_estsize, target_name,
    s_ra, s_dec, s_fov, s_region, s_resolution, s_xel1, s_xel2,
    t_min, t_max, t_exptime, t_resolution, t_xel,
    em_min, em_max, em_res_power, em_xel,
    o_ucd, pol_states, pol_xel, facility_name, instrument_name,
    dataproduct_subtype, target_class, obs_creation_date, obs_creator_name, obs_creator_did,
    obs_title, obs_release_date, publisher_id, bib_reference, data_rights,
    s_pixel_scale, em_ucd, em_unit, o_unit, o_calib_status, proposal_id, s_snr,
    hpx, hcell, x, y, z, vertices, box
FROM archive.dataset
WHERE present AND (readable_by IS NULL OR starhaul.is_reader(readable_by));
