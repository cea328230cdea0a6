"""The figures of the single-path ranking study, drawn by name from the runs of a study: layouts say what they show."""
