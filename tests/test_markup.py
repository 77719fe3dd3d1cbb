"""The shared parts of reports: escaped, accessible, with their style once."""

from purenet import markup


def test_a_table_escapes_its_headings_and_takes_html_cells():
    table = markup.table(("a<b", "n"), [("<b>1</b>", "2")], caption="x & y", numbers=(1,))
    assert '<th scope="col">a&lt;b</th><th scope="col" class="number">n</th>' in table
    assert '<td><b>1</b></td><td class="number">2</td>' in table
    assert "<caption>x &amp; y</caption>" in table
    assert 'tabindex="0" role="group" aria-label="x &amp; y"' in table


def test_nothing_makes_no_element():
    assert markup.listed([]) == ""
    assert markup.folded("Notes", "") == ""


def test_a_fragment_and_a_document_have_the_style_once_and_load_nothing():
    for whole in (markup.fragment("<p>x</p>"), markup.document("t<", "<p>x</p>", script="f()")):
        assert whole.count("<style>") == 1
        assert "<p>x</p>" in whole
        assert "http" not in whole
    assert "<title>t&lt;</title>" in markup.document("t<", "")
