"""How supernets and stand-alone networks are trained: sampling, augmentation, precision, the loop."""
