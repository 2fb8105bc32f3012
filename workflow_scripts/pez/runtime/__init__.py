"""What every job needs: atomic files, checksums, identity, device leases, logs, progress."""
