"""The services that the home page names: path, name, what it is for."""

SERVICES = (
    ("/tap", "TAP 1.1", "queries in ADQL over all tables"),
    ("/ssap", "SSAP 1.1", "spectra by place, wavelength and time"),
    ("/sia", "SIA 2.0", "images and cubes by outline, wavelength and time"),
    ("/cone", "Cone search 1.03", "the rows around a position, of each table"),
    ("/soda", "SODA 1.0", "parts of images, cubes and spectra, cut out"),
    ("/datalink/links", "DataLink 1.1", "the files that belong to a dataset"),
    ("/bulk", "Bulk downloads", "everything that a query finds, as jobs (UWS 1.1)"),
    ("/registry?verb=Identify", "Registry", "what there is, to be harvested by OAI-PMH 2.0"),
)
