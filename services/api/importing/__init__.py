"""Many clients at once: a file is taken as a whole, read and checked row by row, stored, then told to the streams."""
