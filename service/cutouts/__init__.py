"""Cutting regions, wavelengths, times and polarisations out of files: pixels and cards, no HTTP.

What other rooms may rely on:

* `wanted`: what is asked for. One `Wanted` makes one product.
* `product`: `Source`, a file to cut, and `Product`, what was cut. A file in a bucket is best opened
  with `wanted=first_bytes(size)`, so that its store is not asked for the whole of it.
* `openings.open_image(source)`: the products of an image or a cube, whose headers are read once.
  One thread at a time may ask it, and each product is read before the next is asked for.
* `spectra.cut_spectrum(source, wanted, form, origin)`: one product of one spectrum, in the layout
  of its file or of `/spectra`; `origin` is that of `service.spectra.holdings.find_spectrum`.
  Its file is best opened with `wanted=service.spectra.opening.first_read(size)`.
* `errors`: `NoOverlap`, `NotCuttable`. Damaged and Unavailable (`service.storage`) pass through,
  also while the pieces of a product are read.

The file of a source stays open until the last piece of the product has been read; whoever opened
it closes it.
"""
