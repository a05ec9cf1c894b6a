//! Writes the profile that macOS holds a command to.
