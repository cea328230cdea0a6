"""How long networks take to answer, measured, and a sum over their choices that predicts it.

protocol: runs to one number. measure: the runs of one network. build: a table of many networks, resumable. sum_model:
the prediction, fitted on some of them, judged on the others, written for all architectures of the space.
A table of latency is in the format of a table of ground truth (analysis/store/truth_table.py); its columns are named
as analysis/store/column_names.py says.
"""
