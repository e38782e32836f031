"""What an account consists of, thing by thing.

Times are aware datetimes in UTC; ``None`` for a time means "never" (AWS reports ``N/A`` or ``no_information``), never
"not known": what is not known is `Unavailable`.
"""
