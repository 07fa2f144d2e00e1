"""Where packages are looked for, and how: uv's own settings first, pip's where uv is told nothing, of each kind.

pip takes the best version of all its indexes, so where indexes come from pip's settings or from requirements, uv is
told to do the same; the image must not depend on which tool made it. What uv is told itself stays as it is.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from modelwrap.errors import SettingsError
from modelwrap.image.dependencies.passwords import Passwords, gather_passwords, without_password
from modelwrap.image.dependencies.pip_settings import PipSettings, read_pip_settings
from modelwrap.image.dependencies.settings import Surroundings
from modelwrap.image.dependencies.uv_settings import UvSettings, read_uv_settings
from modelwrap.value import Value, field

__all__ = ["STRATEGY", "IndexAccess", "host_of", "index_access"]

#: How uv chooses between indexes.
STRATEGY = "--index-strategy"
#: Variables with a file of certificates, in the order in which they win for pip's and uv's own requests.
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXY_VARIABLES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


class IndexAccess(Value):
    """How this machine reaches packages.

    Attributes:
        variables: The environment of uv, whole: passwords go this way, since anyone can see arguments.
        arguments: What uv is told beside it.
        constraints: Files that limit versions, which pip is told of.
        passwords: What to send to which index.
        ca_file: The certificates to trust; empty for the system's.
        client_cert: The certificate to show; empty for none.
        proxy: The proxy that pip is told to use; empty where only the environment counts.
        insecure_hosts: `host` or `host:port` whose certificate is not checked.
        places: What tells apart two ways to packages: the answer may be another. Passwords are not among it.
    """

    variables: Mapping[str, str] = field(default_factory=dict, shown=False)
    arguments: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    passwords: Passwords = field(default_factory=Passwords, shown=False)
    ca_file: str = ""
    client_cert: str = ""
    proxy: str = ""
    insecure_hosts: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()

    def is_insecure(self, host: str) -> bool:
        """Whether the certificate of a host, named with its port or without, is not checked."""
        return host in self.insecure_hosts or host.rpartition(":")[0] in self.insecure_hosts

    def tls_context(self, host: str) -> ssl.SSLContext:
        """How to check the certificate of a host.

        Raises:
            SettingsError: A file of certificates can't be read.
        """
        context = ssl.create_default_context()
        try:
            if self.ca_file:
                context.load_verify_locations(self.ca_file)
            if self.client_cert:
                context.load_cert_chain(self.client_cert)
        except (OSError, ssl.SSLError) as error:
            file = self.ca_file or self.client_cert
            raise SettingsError(f"the certificates {file} can't be read: {error}") from error
        if self.is_insecure(host):
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def index_access(
    surroundings: Surroundings, folder: Path, *, urls: tuple[str, ...] = (), trusted: tuple[str, ...] = ()
) -> IndexAccess:
    """Finds out how packages are reached.

    Args:
        surroundings: What pip and uv are told on this machine.
        folder: Where uv runs: the model folder, whose `uv.toml` counts.
        urls: Indexes and files that requirements name, with their passwords.
        trusted: Hosts that requirements name as trusted.

    Raises:
        SettingsError: A configuration file of pip can't be read.
    """
    pip, uv = read_pip_settings(surroundings), read_uv_settings(surroundings, folder)
    environment = surroundings.environment
    ca_file = next(filter(None, (environment.get(name) for name in _CA_VARIABLES)), "") or pip.cert
    hosts = tuple(dict.fromkeys((*pip.trusted_hosts, *uv.insecure_hosts, *trusted)))
    return IndexAccess(
        {**environment, **dict(_variables(pip, uv, environment, ca_file))},
        tuple(_arguments(pip, uv, (*pip.trusted_hosts, *trusted), has_urls=bool(urls))),
        pip.constraints,
        gather_passwords((*urls, *uv.index_urls, *filter(None, (pip.index_url, *pip.extra_index_urls))), surroundings),
        ca_file,
        pip.client_cert,
        "" if any(environment.get(name) for name in _PROXY_VARIABLES) else pip.proxy,
        frozenset(hosts),
        tuple(map(without_password, (*urls, *uv.index_urls, pip.index_url, *pip.extra_index_urls, *pip.find_links))),
    )


def _variables(
    pip: PipSettings, uv: UvSettings, environment: Mapping[str, str], ca_file: str
) -> Iterator[tuple[str, str]]:
    if pip.index_url and not uv.index_url:
        yield "UV_DEFAULT_INDEX", pip.index_url
    if pip.extra_index_urls and not uv.has_extra_indexes:
        yield "UV_INDEX", " ".join(pip.extra_index_urls)
    if ca_file:
        yield "SSL_CERT_FILE", ca_file
    elif "UV_SYSTEM_CERTS" not in environment:
        # pip trusts what the system trusts; uv would trust only what it brings.
        yield "UV_SYSTEM_CERTS", "1"
        yield "UV_NATIVE_TLS", "1"
    if pip.client_cert and "SSL_CLIENT_CERT" not in environment:
        yield "SSL_CLIENT_CERT", pip.client_cert
    if pip.proxy and not any(environment.get(name) for name in _PROXY_VARIABLES):
        yield "ALL_PROXY", pip.proxy


def _arguments(pip: PipSettings, uv: UvSettings, trusted: tuple[str, ...], *, has_urls: bool) -> Iterator[str]:
    if pip.find_links and not uv.has_find_links:
        for place in pip.find_links:
            yield from ("--find-links", place)
    if pip.no_index and not uv.index_url:
        yield "--no-index"
    if pip.prereleases:
        yield from ("--prerelease", "allow")
    for host in dict.fromkeys(trusted):
        yield from ("--allow-insecure-host", host)
    if not uv.has_strategy and (has_urls or not (uv.index_url or uv.has_extra_indexes)):
        yield from (STRATEGY, "unsafe-best-match")


def host_of(url: str) -> str:
    """The host of a URL, with its port where it names one."""
    return urlsplit(url).netloc.rpartition("@")[2]
