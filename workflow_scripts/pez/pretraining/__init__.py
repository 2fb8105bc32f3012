"""How the embedded model was trained: masked prediction of procedurally drawn scenes."""
