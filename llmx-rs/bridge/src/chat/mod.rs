//! Chat Completions, translated from and to the pivot.
