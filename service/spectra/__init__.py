"""Any real spectrum in one layout: read here, written as VOTable and FITS by `/spectra/{id}`.

What other rooms may rely on:

* `reading.read_spectra(fits, reader)` gives the spectra of a file (`layout.Spectrum`: arrays of one
  length, ascending wavelengths, units, medium); `reading.read_spectrum` the first of them.
  `layout.NotConvertible` says in words why there are none.
* `holdings.convertible()` is the SQL condition on `archive.holding` and `archive.dataset` under
  which SSAP lists the two forms and DataLink links to them. It is decided at ingest: the reader
  that took the file found its wavelengths. A file that holds and still cannot be converted (a
  wavelength unit that is neither written nor of a convention, a damaged table) answers 422.
* `forms.FORMS`: the two forms by file extension, `vot` and `fits`, with media type and title. The
  URL of one is `/spectra/{holding.id}.{extension}`, below PUBLIC_URL; access is that of
  `/files/{holding.id}`.
* DataLink rows of a convertible file, one a form: semantics `#this` where the file itself is the
  dataset's `#this` (the vocabulary: "the primary (as opposed to related) data of the identified
  resource"; the same data in another format is no derivation), content_type the form's media type,
  content_qualifier `#spectrum`, local_semantics `starhaul:vot` or `starhaul:fits`, content_length
  and content_sha256 empty (known only once converted), description the form's title.
* SSAP rows: one for the file, one a form; Access.Format the form's media type, Association.ID the
  dataset's obs_publisher_did, DataModel `Spectrum-1.2`, CreationType `archival`.
"""
