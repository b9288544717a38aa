"""Files that ship with Phenolens: checkpoints, samples."""
