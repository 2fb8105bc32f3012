"""One module a picture: `COLUMNS` of its table and `build`."""
