"""Models on torch, bit-identical for any chunking."""
