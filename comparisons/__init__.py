"""The mutating originals beside their pure twins, and purenet beside its peers."""
