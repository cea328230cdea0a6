"""What a study is: variants of a space (a task and an estimator each), and their runs."""
