"""What differs between two sounds: losses for training and searching, in torch, and metrics for people, in numpy."""
