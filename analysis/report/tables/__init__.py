"""Tables of what the measures found, in every format."""
