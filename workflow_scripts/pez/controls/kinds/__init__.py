"""One control a file. Each defines ``CONTROL``, and the function that makes what it replaces:

* weights: ``weights(model, seed)``, where the weights come from;
* clips: ``reorder(frames, clip_ids, seed)``, clips that are read in place of those of a shard;
* features: ``features(clip, view)``, what is stored of one clip, from its frames or trajectory;
* labels: none, a recipe deals them out by its ``labels_seed``.
"""
