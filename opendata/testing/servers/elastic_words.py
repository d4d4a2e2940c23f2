"""What Elasticsearch needs to keep API keys and the distribution of tests lacks.

The index of its security names three parts of the module `analysis-common`, to find users by their mail
addresses. A plugin of ours has parts of the same names that leave words as they are: no test looks for users.
"""

import json
import subprocess
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from opendata.testing.servers.missing import ServerMissing

_SOURCE = """
package words;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.core.WhitespaceTokenizer;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.analysis.TokenizerFactory;

public final class Words {
    @NamedComponent("uax_url_email")
    public static class Cut implements TokenizerFactory {
        public Tokenizer create() { return new WhitespaceTokenizer(); }
    }

    @NamedComponent("pattern_capture")
    public static class Captured implements TokenFilterFactory {
        public TokenStream create(TokenStream words) { return words; }
    }

    @NamedComponent("unique")
    public static class Unique implements TokenFilterFactory {
        public TokenStream create(TokenStream words) { return words; }
    }
}
"""
_FACTORIES = "org.elasticsearch.plugin.analysis"
_PARTS = {
    f"{_FACTORIES}.TokenizerFactory": {"uax_url_email": "words.Words$Cut"},
    f"{_FACTORIES}.TokenFilterFactory": {
        "pattern_capture": "words.Words$Captured",
        "unique": "words.Words$Unique",
    },
}


def add_words(home: Path, java: Path, version: str) -> None:
    """Put the plugin into a distribution, unless that has the module. Raises `ServerMissing`."""
    if (home / "modules" / "analysis-common").exists():
        return
    folder = home / "plugins" / "words"
    folder.mkdir(parents=True)
    told = {"description": "words", "name": "words", "version": "1", "java.version": "21"}
    told["elasticsearch.version"] = version
    lines = "".join(f"{key}={value}\n" for key, value in told.items())
    (folder / "stable-plugin-descriptor.properties").write_text(lines)
    (folder / "named_components.json").write_text(json.dumps(_PARTS))
    with TemporaryDirectory() as made, zipfile.ZipFile(folder / "words.jar", "w") as jar:
        _compile(Path(made), home, java)
        for found in Path(made).rglob("*.class"):
            jar.write(found, found.relative_to(made))


def _compile(folder: Path, home: Path, java: Path) -> None:
    source, compiler = folder / "Words.java", java / "bin" / "javac"
    source.write_text(_SOURCE)
    if not compiler.exists():
        raise ServerMissing(f"API keys of Elasticsearch need a Java that compiles; {compiler} is not there")
    done = subprocess.run(  # noqa: S603
        [compiler, "--release", "21", "-cp", f"{home}/lib/*", "-d", folder, source],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerMissing(f"javac failed: {done.stderr[-1000:]}")
