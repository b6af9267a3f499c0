"""SIA 2.0: find images and cubes by place, time, wavelength and what is known of them."""
