<resource schema="benchssa" resdir="benchssa">
  <meta name="title">Spectra to measure with</meta>
  <meta name="creationDate">2026-11-21T00:00:00Z</meta>
  <meta name="description">Generated spectra, none of which exists.</meta>
  <meta name="subject">spectroscopy</meta>
  <meta name="creator">Bench</meta>
  <table id="main" onDisk="True" primary="accref">
    <mixin fluxCalibration="ABSOLUTE" fluxUnit="Jy" spectralUnit="Angstrom">//ssap#hcd</mixin>
  </table>
  <data id="import">
    <sources items="0"/><embeddedGrammar>
      <iterator><code>
        import random
        r = random.Random(3)
        places = [(r.uniform(0, 360), r.uniform(-80, 80)) for _ in range(7535)]
        for n in range(267487):
            ra, dec = places[n % 7535]
            yield {"n": n, "ra": ra, "dec": dec}
      </code></iterator>
      <rowfilter procDef="//products#define">
        <bind key="table">"benchssa.main"</bind>
        <bind key="accref">"benchssa/%d" % @n</bind>
        <bind key="path">"benchssa/%d" % @n</bind>
        <bind key="fsize">5000000</bind>
        <bind key="mime">"application/fits"</bind>
      </rowfilter>
    </embeddedGrammar>
    <make table="main">
      <rowmaker idmaps="*">
        <apply procDef="//ssap#setMeta" name="meta">
          <bind name="dstitle">"Spectrum %d" % @n</bind>
          <bind name="pubDID">"ivo://x-unregistered/benchssa?%d" % @n</bind>
          <bind name="alpha">@ra</bind>
          <bind name="delta">@dec</bind>
          <bind name="aperture">0.00028</bind>
          <bind name="dateObs">53000 + @n % 6000</bind>
          <bind name="timeExt">900</bind>
          <bind name="specstart">3.8e-7</bind>
          <bind name="specend">6.9e-7</bind>
          <bind name="length">313000</bind>
          <bind name="targname">"HD %d" % (@n % 7535)</bind>
        </apply>
      </rowmaker>
    </make>
  </data>
  <service id="s" allowed="ssap.xml">
    <meta name="shortName">bench ssap</meta>
    <meta name="ssap.dataSource">survey</meta>
    <meta name="ssap.testQuery">MAXREC=1</meta>
    <publish render="ssap.xml" sets="local"/>
    <ssapCore queriedTable="main"><FEED source="//ssap#hcd_condDescs"/></ssapCore>
  </service>
</resource>
