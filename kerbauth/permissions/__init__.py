"""Permission adapters: who may enter which application. One file per adapter, one contract suite over all of them."""
