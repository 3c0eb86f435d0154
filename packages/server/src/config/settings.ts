// What each setting means, in the operator's words. `docs/reference/configuration.md` is made of this and of `config.ts`, which
// knows what a setting may be and what it is when it is not set. Links are as from there.

export type Setting = {
  meaning: string;
  /** What it is when it is not set, where `config.ts` cannot say it in one word. A single `word` is taken literally by a test. */
  unset?: string;
};

/** In the order of the reference, under its headings. */
export const settings: Readonly<Record<string, Readonly<Record<string, Setting>>>> = {
  'The server': {
    NODE_ENV: {
      meaning: '`production` turns on the checks of a public server and turns off the development mailbox',
      unset: 'development',
    },
    PORT: { meaning: 'where to listen; 0 is any free one' },
    HOST: { meaning: 'on which address', unset: '127.0.0.1, in production 0.0.0.0' },
    TEGATA_URL: {
      meaning: 'the public origin; links in mails start with it; `https:` in production',
      unset: 'http://localhost: and the port',
    },
    TEGATA_DATA_DIR: { meaning: 'the folder of the SQLite file and the development secret', unset: '`./.tegata`' },
    TEGATA_CONTRACTS: {
      meaning:
        'the contracts to serve: `standard`, `cookie`, `bearer`, `organization`; the last two own the same paths, so only one of them',
      unset: '`standard`',
    },
    TEGATA_WORKERS: {
      meaning:
        'processes that `tegata serve` runs behind its port, up to 64; `auto` is one for each core. A primary starts them, replaces one that ends, and counts the rate limits for all. Each has its own memory (about 130 MB), hashing lane and database pool',
      unset: '`1`',
    },
    TEGATA_TRUSTED_PROXIES: {
      meaning: 'addresses or CIDRs of the proxies whose `X-Forwarded-For` is believed',
      unset: 'none',
    },
    TEGATA_ALLOWED_ORIGINS: {
      meaning: 'other browser origins that may call, and take the answers of providers',
      unset: 'none',
    },
  },
  'Database and Redis': {
    DATABASE_URL: {
      meaning:
        '`sqlite:<path>` or `postgres://user:password@host:5432/database` (`postgresql://` too; PostgreSQL 14 or newer, UTF-8). TLS as `pg` takes it: `?sslmode=verify-full&sslrootcert=/path/ca.pem`, `?sslmode=no-verify`. Percent-encode `#`, `/`, `?`, `%` and `@` in user and password',
      unset: 'sqlite: and tegata.db in the data folder',
    },
    TEGATA_DATABASE_POOL: {
      meaning:
        "PostgreSQL: connections of each process at most; processes times this must stay below the server's `max_connections`",
    },
    TEGATA_DATABASE_STATEMENTS: {
      meaning:
        'PostgreSQL: `unnamed` behind a proxy that pools transactions (PgBouncer with `pool_mode = transaction`). Set `statement_timeout` and `idle_in_transaction_session_timeout` on the role then, such as 5 s and 10 s; with `named` Tegata asks for them itself',
    },
    REDIS_URL: {
      meaning:
        '`redis://user:password@host:6379/0`, or `rediss://` for TLS (a CA of your own: `NODE_EXTRA_CA_CERTS`); Redis 7.0 or later, or Valkey. All nodes then share rate limits, and sessions and lockouts unless the next row says otherwise',
      unset: 'none',
    },
    TEGATA_SESSION_STORE: {
      meaning:
        'where sessions, lockouts and one-time marks live. With `database`, Redis is a convenience that may die at any time; with `redis`, it needs an append-only file and `maxmemory-policy noeviction`. Changing it signs everybody out',
      unset: '`redis` when `REDIS_URL` is set, else `database`',
    },
    TEGATA_REDIS_PREFIX: {
      meaning: 'begins every key; give each installation its own when they share a server',
      unset: '`tegata:`',
    },
  },
  'Secrets and tokens': {
    TEGATA_SECRET: {
      meaning:
        'at least 32 random bytes; every key comes from it. Changing it without the next line signs everybody out: [keys](../keys.md)',
      unset: 'made in the data folder, mode 0600',
    },
    TEGATA_SECRET_PREVIOUS: {
      meaning: 'other secrets whose tokens, cookies and mails stay good: earlier ones, or the one to come',
      unset: 'none',
    },
    TEGATA_SIGNING_ALG: {
      meaning:
        'how access tokens are signed: `HS256` with a key derived from the secret, `ES256` or `EdDSA` with keys whose public halves are at `/.well-known/jwks.json`',
    },
    TEGATA_KEY_MAX_AGE: { meaning: 'age at which a key of `ES256` or `EdDSA` is replaced' },
    TEGATA_KEY_PUBLISH_AHEAD: { meaning: 'how long the next key is published before it signs, at most half of its age' },
    TEGATA_ISSUER: { meaning: '`iss` of every token', unset: '`tegata`' },
    TEGATA_AUDIENCE: { meaning: '`aud` of access tokens', unset: '`tegata-api`' },
    TEGATA_ACCESS_TTL: { meaning: 'lifetime of an access token' },
    TEGATA_BEARER_TTL: { meaning: 'lifetime of the one token of contract `bearer`, and of its session' },
  },
  'Sessions and links': {
    TEGATA_REFRESH_TTL: { meaning: 'how far a refresh slides the end of a session' },
    TEGATA_REMEMBER_TTL: { meaning: 'the same with `remember_me`' },
    TEGATA_SESSION_MAX_AGE: { meaning: 'the end of a session however often it is refreshed' },
    TEGATA_REFRESH_GRACE: {
      meaning: 'how long the previous refresh token is answered with the same successor; `0s` treats every reuse as theft',
    },
    TEGATA_MAX_SESSIONS: { meaning: 'sessions a user; one more ends the least recently used' },
    TEGATA_FEED_READERS: {
      meaning: 'streams of revocations at once, one a verifier ([revocation](../revocation.md)); more are answered 503',
    },
    TEGATA_VERIFY_TTL: { meaning: 'lifetime of verification links and codes' },
    TEGATA_RESET_TTL: { meaning: 'lifetime of reset links' },
    TEGATA_ORGANIZATION_RESET_TTL: { meaning: 'the same in contract `organization`' },
  },
  'Passwords and abuse': {
    TEGATA_PASSWORD_HASH: { meaning: 'the other kind verifies too, and is replaced at the next log-in' },
    TEGATA_HASH_CONCURRENCY: {
      meaning: "hashes computed at once **in each process**; one core stays free for everybody else's requests",
      unset: '(cores − 1) / workers, from 1 to 3',
    },
    TEGATA_LOCKOUT_THRESHOLD: { meaning: 'failures in a row that lock an address' },
    TEGATA_LOCKOUT_DURATION: { meaning: 'the first lock; each further one is twice as long, up to 24 hours' },
    TEGATA_RATE_LIMITS: { meaning: '`off` for tests; the lockout stays on' },
    TEGATA_ACCOUNT_HINTS: {
      meaning:
        '`off`: registering a taken address answers as if it were new and mails the owner, and log-in does not say that an account has no password. What a log-in says after the right password stays',
    },
  },
  'How long things are kept': {
    TEGATA_SESSION_RETENTION: { meaning: 'how long an ended session still says why it ended; then it is removed' },
    TEGATA_MAIL_RETENTION: { meaning: 'how long sent and given-up mails are kept' },
    TEGATA_AUDIT_RETENTION: { meaning: 'how long audit events are kept' },
  },
  'Log-in through providers': {
    GOOGLE_CLIENT_ID: {
      meaning: 'log-in with Google; see [Logging in through providers](../oauth.md)',
      unset: 'none: not offered',
    },
    GOOGLE_CLIENT_SECRET: { meaning: 'belongs to it', unset: 'none' },
    GOOGLE_ISSUER: { meaning: 'for tests and private deployments', unset: '`https://accounts.google.com`' },
    GITHUB_CLIENT_ID: { meaning: 'log-in with GitHub', unset: 'none: not offered' },
    GITHUB_CLIENT_SECRET: { meaning: 'belongs to it', unset: 'none' },
    GITHUB_URL: { meaning: 'a GitHub Enterprise Server', unset: '`https://github.com`' },
    GITHUB_API_URL: { meaning: 'its API', unset: '`https://api.github.com`, or `/api/v3` of `GITHUB_URL`' },
    'OIDC_<NAME>_ISSUER': {
      meaning:
        'log-in with an OpenID Connect provider, `https:` unless it is on this machine and not in production; `<NAME>` in capitals, digits and underscores is its name in paths',
      unset: 'none: not offered',
    },
    'OIDC_<NAME>_CLIENT_ID': { meaning: 'belongs to it', unset: 'none' },
    'OIDC_<NAME>_CLIENT_SECRET': { meaning: 'belongs to it', unset: 'none' },
    'OIDC_<NAME>_LABEL': { meaning: 'what people read', unset: 'the name' },
    TEGATA_PROVIDER_TIMEOUT: { meaning: 'how long a provider may take for each answer' },
    TEGATA_STORE_PROVIDER_TOKENS: { meaning: "`on` keeps the providers' own tokens, encrypted" },
  },
  Mail: {
    SMTP_URL: { meaning: '`smtp://user:password@host:587` or `smtps://…:465`', unset: 'none: development mailbox' },
    MAIL_FROM: { meaning: 'the sender', unset: 'Tegata, no-reply@ and the host of `TEGATA_URL`' },
  },
  Pages: {
    TEGATA_PAGES: {
      meaning:
        '`off`: no hosted pages (see [pages](../pages.md)); mailed links then lead to plain pages of the server. They are only where the contract `standard` is',
    },
    TEGATA_BRAND_NAME: { meaning: 'the name on the pages and in mails', unset: '`Tegata`' },
    TEGATA_BRAND_LOGO: {
      meaning: 'an https address, or the path of an svg, png, webp or jpg of at most 256 KiB',
      unset: 'the mark',
    },
    TEGATA_BRAND_PRIMARY: {
      meaning: 'color of actions and links, as `#rrggbb`. A color that cannot be read (WCAG AA) is a start-up error',
      unset: '#274a78',
    },
    TEGATA_BRAND_PRIMARY_DARK: { meaning: 'the same in the dark theme', unset: 'made from the one above' },
    TEGATA_BRAND_PAPER: { meaning: 'the ground', unset: '#fbf9f4' },
    TEGATA_BRAND_PAPER_DARK: { meaning: 'the same in the dark theme', unset: '#14171c' },
    TEGATA_BRAND_RADIUS: { meaning: 'roundness of corners in pixels, 0 to 24', unset: '10' },
  },
  Watching: {
    LOG_LEVEL: { meaning: 'what is written to the log', unset: '`warn`, in production `info`' },
    TEGATA_METRICS_TOKEN: { meaning: 'bearer token for `/metrics` ([metrics](../metrics.md))', unset: 'none: loopback only' },
    OTEL_EXPORTER_OTLP_ENDPOINT: {
      meaning: 'a collector for OTLP over HTTP, such as `http://localhost:4318` ([tracing](../tracing.md))',
      unset: 'none: nothing is traced',
    },
    OTEL_EXPORTER_OTLP_HEADERS: {
      meaning: 'what is sent with each post to it: `name=value`, several separated by commas, values percent-encoded',
      unset: 'none',
    },
    OTEL_SERVICE_NAME: { meaning: 'what traces call this program', unset: '`tegata`' },
    OTEL_RESOURCE_ATTRIBUTES: {
      meaning: 'more about it, such as `deployment.environment.name=staging`; several separated by commas',
      unset: 'none',
    },
    OTEL_TRACES_SAMPLER: {
      meaning:
        'which requests are traced; with `parentbased_` as the caller says, and like the rest of the word where there is no caller',
    },
    OTEL_TRACES_SAMPLER_ARG: { meaning: 'of `traceidratio`: the part, from 0 to 1', unset: '`1`' },
  },
};

export const settingNames: ReadonlySet<string> = new Set(Object.values(settings).flatMap((group) => Object.keys(group)));
