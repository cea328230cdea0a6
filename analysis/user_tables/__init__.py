"""Tables from other sources, in any format and spelling: one reader for every command that takes one.

content      bytes of a file, unpacked, within bounds
delimited    CSV           arrays    NumPy, Parquet         structures   JSON and plain pickles
cells        what all of them become: columns, and where each row stood
numbers      a column of cells as numbers, in exactly their order
names        which architecture each row is: column of names, dialect, space
table, pair  one file as a frame; two files in one space, and what is lost between them
"""
