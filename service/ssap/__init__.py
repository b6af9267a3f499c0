"""SSAP 1.1: find spectra by place, wavelength, time and what is known of them."""
