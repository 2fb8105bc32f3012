"""Clips of people's own: videos or folders of pictures, and a table of labels (source folder)."""
