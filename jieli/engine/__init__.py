"""The process rules, pure: no clock, no SQL, no HTTP, no Prefect."""
