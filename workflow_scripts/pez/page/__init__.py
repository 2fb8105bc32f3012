"""The page: figures, verdicts, provenance and an explorer of curves in one file of HTML.

`curves`, `predictions`, `audit`, `thumbnails` and `pictures` gather, `pack` makes numbers small,
`write` puts all into the templates. Templates, style and the explorer's scripts are files of their
own beside the modules.
"""
