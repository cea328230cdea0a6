"""Pure functions of arrays: coefficients, their errors, tops and bins. Nothing here knows a study."""
