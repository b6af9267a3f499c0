"""Cutouts of many positions at once: rows of a table paired with images, products in packs.

* `request`, `columns`: what is asked for, and the columns of the table that say it.
* `loading`, `matching`, `grouping`: rows, the images that hold them, tasks of whole files; SQL.
* `cutting`, `packs`: one task, and the file that its products are packed in.
* `running`: the job itself, from the table to the package of another room.

A cut has one source today. What makes one product of several (a mosaic, a stack, a tensor) groups
rows of `pairing.cut` before tasks are formed, and gets all of a product's sources in one task.
"""
