"""Who may reach what: doors that a client can open by itself."""
