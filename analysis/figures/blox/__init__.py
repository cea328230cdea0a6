"""Figures 4 and 14 to 17 of the Blox paper (the numbers of the paper with its appendix; its separate supplement counts
one further from 14 on), from any table of Blox."""
