"""What a tree means against a catalogue: names, types, units, groups."""
