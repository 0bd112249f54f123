-- Functions and procedures that the manifest creates, and all in a schema that it creates: one row each. A body in SQL
-- or PL/pgSQL is read token by token, so that white space, comments, and the case of unquoted words do not count. In a
-- body, which dynamic SQL may have written, and in a function's search_path, the home schema is written "$home"; "$user",
-- which SET ... FROM CURRENT copies from the server's default, does not count.
SELECT
  'function' AS kind,
  s.schema::text AS schema,
  s.label AS name,
  null::text AS parent,
  pg_catalog.jsonb_build_object(
    'kind', p.prokind,
    'arguments', pg_catalog.pg_get_function_arguments(p.oid),
    'returns', pg_catalog.pg_get_function_result(p.oid),
    'language', l.lanname,
    'volatility', p.provolatile,
    'strict', p.proisstrict,
    'security_definer', p.prosecdef,
    'leakproof', p.proleakproof,
    'parallel', p.proparallel,
    'settings', c.settings,
    'body', CASE
      WHEN p.prosqlbody IS NOT NULL THEN pg_catalog.pg_get_function_sqlbody(p.oid)
      WHEN pg_catalog.strpos(m.body, %(home)s) > 0 OR pg_catalog.strpos(m.body, pg_catalog.quote_ident(%(home)s)) > 0
        THEN pg_catalog.regexp_replace(
          m.body,
          -- The home schema's name as an expression that matches just that, quoted or as it is, as a whole word.
          E'(?<![A-Za-z0-9_$]|[^\\x01-\\x7f])(?:'
          || (
            SELECT
              pg_catalog.string_agg(
                pg_catalog.regexp_replace(forms.name, E'([^[:alnum:]_ "])', E'\\\\\\1', 'g'), '|' ORDER BY forms.place
              )
            FROM (
              VALUES
              (1, pg_catalog.replace(pg_catalog.quote_ident(%(home)s), '$home', '$$home')),
              (2, pg_catalog.replace(%(home)s, '$home', '$$home'))
            ) AS forms (place, name)
          )
          || E')(?![A-Za-z0-9_$]|[^\\x01-\\x7f])',
          '"$home"',
          'g'
        )
      ELSE m.body
    END
  ) AS attributes,
  CASE
    -- Without the home schema, whose name differs between tenants.
    WHEN s.schema IS NULL THEN h.head || pg_catalog.substr(h.whole, pg_catalog.length(h.head) + pg_catalog.length(pg_catalog.quote_ident(%(home)s)) + 2)
    ELSE h.whole
  END AS definition
FROM scope_function AS s
INNER JOIN pg_catalog.pg_proc AS p ON s.oid = p.oid
INNER JOIN pg_catalog.pg_language AS l ON p.prolang = l.oid
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.jsonb_agg(
      CASE
        WHEN pg_catalog.starts_with(settings.value, 'search_path=') THEN 'search_path=' || coalesce(path.names, '')
        ELSE settings.value
      END
      ORDER BY settings.place
    ) AS settings,
    coalesce(pg_catalog.bool_or(pg_catalog.starts_with(settings.value, 'search_path=') AND path.names = '"$home"'), FALSE) AS is_home_only
  FROM pg_catalog.unnest(p.proconfig) WITH ORDINALITY AS settings (value, place)
  CROSS JOIN LATERAL (
    SELECT
      pg_catalog.string_agg(
        CASE WHEN items.name = %(home)s THEN '"$home"' ELSE pg_catalog.quote_ident(pg_catalog.replace(items.name, '$home', '$$home')) END, ', ' ORDER BY items.place
      ) AS names
    FROM (
      SELECT
        CASE
          WHEN pg_catalog.starts_with(matches.found[1], '"')
            THEN pg_catalog.replace(pg_catalog.substr(matches.found[1], 2, pg_catalog.length(matches.found[1]) - 2), '""', '"')
          ELSE pg_catalog.lower(matches.found[1])
        END AS name,
        matches.place
      FROM pg_catalog.regexp_matches(pg_catalog.substr(settings.value, pg_catalog.length('search_path=') + 1), '("(?:[^"]|"")*"|[^,\s]+)', 'g')
        WITH ORDINALITY AS matches (found, place)
    ) AS items
    WHERE items.name <> '$user'
  ) AS path
) AS c
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.format('CREATE OR REPLACE %%s ', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END) AS head,
    CASE
      -- A repair runs with the home schema as the search path.
      WHEN c.is_home_only
        THEN pg_catalog.regexp_replace(
          pg_catalog.pg_get_functiondef(p.oid), E'\n SET search_path TO [^\n]*', E'\n SET search_path FROM CURRENT'
        )
      ELSE pg_catalog.pg_get_functiondef(p.oid)
    END AS whole
  OFFSET 0
) AS h
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.string_agg(
      CASE
        WHEN matches.found[1] ~ '^[eE]''' THEN 'e' || pg_catalog.substr(matches.found[1], 2)
        ELSE coalesce(matches.found[1], pg_catalog.lower(matches.found[3] COLLATE "C"))
      END,
      ' ' ORDER BY matches.place
    ) AS tokens
  FROM pg_catalog.regexp_matches(
    p.prosrc,
    -- Token separators: white space and comments, nested once at most. Its *? makes the whole expression take the
    -- shortest match (PostgreSQL manual, 9.7.3.5), which is correct for a dollar-quoted string. Then texts to keep
    -- unchanged: strings, quoted names, dollar-quoted strings. Then a word, or one other character; or the end, after a
    -- final comment.
    E'(?:\\s|--[^\\n]*(?:\\n|$)|/\\*(?:[^*/]|\\*(?!/)|/(?!\\*)|/\\*(?:[^*/]|\\*(?!/)|/(?!\\*))*\\*/)*\\*/)*?'
    '(?:([eE]''(?:[^\\\\'']|\\\\.|'''')*''(?!'')|''(?:[^'']|'''')*''(?!'')|"(?:[^"]|"")*"(?!")|\\$(\\w*)\\$.*?\\$\\2\\$)|'
    '((?![eE]'')(?:[A-Za-z0-9_]|[^\\x01-\\x7f])+(?![A-Za-z0-9_]|[^\\x01-\\x7f])|-(?!-)|/(?!\\*)|\\$(?!\\w*\\$)|[^-\\s''"$/A-Za-z0-9_])|$)',
    'g'
  ) WITH ORDINALITY AS matches (found, place)
) AS b
CROSS JOIN LATERAL (
  SELECT
    -- A name of the owner's cannot pass for the home schema.
    pg_catalog.replace(
      CASE WHEN l.lanname IN ('sql', 'plpgsql') THEN b.tokens ELSE p.prosrc END, '$home', '$$home'
    ) AS body
  OFFSET 0
) AS m
