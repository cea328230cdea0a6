"""What a study is: variants and estimates of a space, their runs, and how they descend from one another."""
