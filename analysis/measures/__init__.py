"""The numbers of a study, of a pair of columns and of a ground truth: frames in, frames out."""
