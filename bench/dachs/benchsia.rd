<resource schema="benchsia" resdir="benchsia">
  <meta name="title">Images to measure with</meta>
  <meta name="creationDate">2026-11-21T00:00:00Z</meta>
  <meta name="description">Generated images, none of which exists.</meta>
  <meta name="subject">surveys</meta>
  <meta name="creator">Bench</meta>
  <table id="main" onDisk="True" adql="True" primary="obs_publisher_did">
    <index columns="s_region" method="GIST"/>
    <FEED source="//obscore#obscore-columns"/>
  </table>
  <data id="import">
    <sources items="0"/><embeddedGrammar>
      <iterator><code>
        import math, os, random
        from gavo.utils import pgsphere
        nothing = {column.name: None for column in self.grammar.rd.getById("main")}
        r = random.Random(3)
        for n in range(int(os.environ.get("ROWS", 267487))):
            ra, dec = r.uniform(0, 360), math.degrees(math.asin(r.uniform(-0.995, 0.995)))
            w = 0.1 / math.cos(math.radians(dec))
            west, east = (ra - w) % 360, (ra + w) % 360
            yield nothing | {
                "dataproduct_type": "image", "calib_level": 2, "obs_collection": "BENCH",
                "obs_id": str(n), "obs_publisher_did": "ivo://x-unregistered/benchsia?%d" % n,
                "access_url": "http://localhost:8080/benchsia/%d" % n,
                "access_format": "application/fits", "access_estsize": 5000,
                "target_name": "Field %d" % (n % 7535), "s_ra": ra, "s_dec": dec, "s_fov": 0.28,
                "s_region": pgsphere.SPoly.fromDALI([
                    west, dec - 0.1, east, dec - 0.1, east, dec + 0.1, west, dec + 0.1]),
                "t_min": 53000 + n % 6000, "t_max": 53000.1 + n % 6000, "t_exptime": n % 3600,
                "em_min": 4e-7, "em_max": 5.5e-7,
                "facility_name": "Telescope", "instrument_name": "Camera",
            }
      </code></iterator>
    </embeddedGrammar>
    <make table="main"><rowmaker idmaps="*"/></make>
  </data>
  <service id="s" allowed="siap2.xml">
    <meta name="shortName">bench sia</meta>
    <publish render="siap2.xml" sets="local"/>
    <dbCore queriedTable="main"><FEED source="//siap2#parameters"/></dbCore>
  </service>
</resource>
