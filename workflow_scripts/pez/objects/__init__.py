"""Clips of several objects of different kinds, some of which slide over a floor and collide."""
