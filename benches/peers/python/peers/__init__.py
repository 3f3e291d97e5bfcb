"""The peers that Python brings, each with the methods of peer.rs."""
