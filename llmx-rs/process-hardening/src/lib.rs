//! Makes the current process hard to inspect before it touches a secret, and reports what held.
