"""Values that DALI and its protocols write alike: intervals, places, polarization states."""
