"""The console command `supernet-ranking`: the command lines of all packages under one name."""
