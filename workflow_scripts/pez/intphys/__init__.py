"""Possible and impossible movies: the public set's layout, a generated set, clips from both."""
