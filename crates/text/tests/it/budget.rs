//! Hostile templates: each is refused by a limit of its own, soon, and in bounded memory.

use text::TemplateError;
use text::template::{MAX_CODE_BYTES, MAX_ELIFS};

use crate::fixture;
use crate::templates::{compile, render};

fn refused(source: &str) -> TemplateError {
    render(source).expect_err(source)
}

/// A loop of a million rounds around this.
fn many(body: &str) -> String {
    let loops = "{% for i in range(1000) %}{% for j in range(1000) %}";
    format!(
        "{{% set ns = namespace(x='x', y=['x'], z=[]) %}}{loops}{body}{{% endfor %}}{{% endfor %}}"
    )
}

#[test]
fn what_a_template_makes_is_bounded_however_it_makes_it() {
    let mega = "{% set big = 'x' * 1000000 %}";
    for source in [
        "{{ 'x' * 10**9 }}".to_owned(),
        "{{ 10**9 * 'x' }}".to_owned(),
        "{{ ('x' * 9999999) | length }}{{ ['x'] * 10**9 }}".to_owned(),
        "{{ ([1] * 10**9) | length }}".to_owned(),
        many("{% set ns.x = ns.x ~ ns.x %}"),
        many("{% set ns.x = ns.x + ns.x %}"),
        many("{% set ns.x = [ns.x, ns.x] | join %}"),
        many("{% set ns.x = ns.x.replace('x', 'xx') %}"),
        many("{% set ns.x = ns.x | replace('x', 'xx') %}"),
        many("{% set ns.x = '{0}{0}'.format(ns.x) %}"),
        many("{% set ns.x = '%s%s' | format(ns.x, ns.x) %}"),
        many("{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"),
        many("{% set ns.x = ns.x | tojson | tojson %}"),
        many("{% set ns.y = ns.y + ns.y %}"),
        many("{% set ns.y = ns.y + ns.y %}{% set ns.z = ns.y | list %}"),
        many("{% set ns.y = [ns.y, ns.y] %}"),
        many("{% set ns.y = {'a': ns.y, 'b': ns.y} %}"),
        many("{% set ns.y = ns.y | batch(1) | list %}{% set ns.y = ns.y + ns.y %}"),
        many("{% set ns.z = ns.z + [range(1000) | list] %}"),
        format!("{mega}{}", many("{% set ns.z = ns.z + [big[1:]] %}")),
        format!("{mega}{}", many("{% set ns.z = ns.z + [big | upper] %}")),
        format!("{mega}{}", many("{% set ns.z = ns.z + [big.strip()] %}")),
        format!("{mega}{}", many("{% set ns.z = ns.z + [big.split('x')] %}")),
        format!("{mega}{{{{ big | replace('x', big) }}}}"),
        format!("{mega}{{{{ big | replace('', big) }}}}"),
        format!("{mega}{{{{ big.replace('x', big) }}}}"),
        format!("{mega}{{{{ big.join(big) }}}}"),
        format!("{mega}{{{{ big | list | join(big) }}}}"),
        format!("{mega}{{{{ (big.replace('x', '{{0}}')).format(big) }}}}"),
        format!("{mega}{{{{ [big] * 100000 }}}}"),
        format!("{mega}{{{{ [big] * 100000 ~ '' }}}}"),
        format!("{mega}{{{{ ([big] * 100000) | upper }}}}"),
        format!("{mega}{{{{ ([big] * 100000) | tojson }}}}"),
        format!("{mega}{{{{ ([big] * 100000) | join(',') }}}}"),
        format!("{mega}{{{{ (['x\\n'] * 100000) | join | indent(1000000) }}}}"),
        format!(
            "{mega}{{% macro m() %}}{{{{ big }}}}{{% endmacro %}}{}",
            many("{% set a = m() ~ m() %}")
        ),
        "{{ 'x' | indent(10**9, true) }}".to_owned(),
        "{{ 'x' | indent(width=10**9, first=true) }}".to_owned(),
        "{{ [1] | batch(10**9, 'x') | list }}".to_owned(),
        "{{ [1] | slice(10**9) | list }}".to_owned(),
        format!("{}{}", many("{% set ns.x %}"), "y".repeat(200_000))
            .replace("{% endfor %}{% endfor %}", "")
            + "{% endset %}{% endfor %}{% endfor %}",
    ] {
        let error = refused(&source);
        assert!(matches!(error, TemplateError::TooMuchMade { .. }), "{error:?} for {source:.200}");
    }
    let error = refused("a\n{{ 'x' * 10**9 }}");
    let said = error.to_string();
    for word in ["template line 2", "67108864", "16777216"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn long_ranges_and_wide_fields_are_refused_by_name() {
    for (source, word) in [
        ("{% for i in range(10**9) %}{% endfor %}", "range"),
        ("{{ range(10**9) | list }}", "range"),
        ("{{ '%1000000000d' | format(1) }}", "1024 wide"),
        ("{{ '{:1000000000}'.format(1) }}", "1024 wide"),
        ("{{ '%99999999999999999999999d' | format(1) }}", "1024 wide"),
        ("{{ '%*d' | format(1000000000, 1) }}", "must stand in the format"),
        ("{{ 1 | pprint }}", "unknown filter"),
        ("{{ debug() }}", "unknown function"),
    ] {
        let said = refused(source).to_string();
        assert!(said.contains("template line 1") && said.contains(word), "{said} for {source}");
    }
}

/// What would end the process instead of the rendering: no native recursion goes as deep as a
/// template can make it.
#[test]
fn nothing_nests_deep_enough_to_overflow_a_stack() {
    let nested = "values may nest 64 deep";
    for (source, word) in [
        (many("{% set ns.y = [ns.y] %}"), nested),
        (many("{% set ns.y = {'a': ns.y} %}"), nested),
        (many("{% set ns.y = ns.y | batch(1) %}"), nested),
        (many("{% set ns.y = namespace(y=ns.y) %}"), "namespace"),
        (many("{% set ns.y = dict(y=ns.y) %}"), nested),
        (many("{% set ns.y = ns %}"), "namespace"),
        (many("{% set ns.y = [ns] %}"), "namespace"),
        (many("{% set ns.y = ns | chain({'a': 1}) %}"), "namespace"),
        (many("{% set ns.y = [1] | batch(2, ns) %}"), "namespace"),
    ] {
        let said = refused(&source).to_string();
        assert!(said.contains(word), "{said} for {source}");
    }
    let lazy =
        "{% set ns = namespace(y=[1, 2]) %}{% for i in range(100000) %}BODY{% endfor %}{{ ns.y }}";
    for body in [
        "{% set ns.y = ns.y[0:] %}",
        "{% set ns.y = ns.y * 1 %}",
        "{% set ns.y = ns.y | reverse %}",
        "{% set ns.y = ns.y + [] %}",
    ] {
        assert_eq!(render(&lazy.replace("BODY", body)).unwrap(), "[1, 2]", "{body}");
    }
}

#[test]
fn code_that_nests_the_parser_is_refused_before_it_is_parsed() {
    let line = 2;
    for (open, link, close) in [
        ("{{ 1", "+1", " }}"),
        ("{{ 'x'", "~x", " }}"),
        ("{{ x", "|upper", " }}"),
        ("{{ x", ".x", " }}"),
        ("{{ x", "()", " }}"),
        ("{{ ", "not ", "1 }}"),
        ("{{ ", "1 if 1 else ", "1 }}"),
        ("{% set x = 1", "*1", " %}"),
    ] {
        let least = format!("{open}{}{close}", link.repeat(100));
        assert!(compile(&least).is_ok() || link == "()", "{least}");
        let long = format!("\n{open}{}{close}", link.repeat(MAX_CODE_BYTES / link.len() + 1));
        let error = refused(&long);
        assert_eq!(error, TemplateError::TooMuchCode { line }, "{link}");
        // Just below that limit the tree is refused for its depth, or runs.
        let shorter = format!("{open}{}{close}", link.repeat(MAX_CODE_BYTES / link.len() - 20));
        let _ = render(&shorter);
    }
    let elif = |count| format!("{{% if x %}}{}{{% endif %}}", "\n{%- elif x %}".repeat(count));
    assert!(compile(&elif(MAX_ELIFS)).is_ok());
    assert_eq!(refused(&elif(10_000)), TemplateError::TooMuchCode { line: MAX_ELIFS + 2 });
    for (open, close) in [
        ("{% if x %}", "{% endif %}"),
        ("{% for a in b %}", "{% endfor %}"),
        ("{% set x %}", "{% endset %}"),
        ("{% if x %}{% else %}", "{% endif %}"),
        ("{{ x[", ""),
        ("{{ x(", ""),
        ("{{ -", ""),
        ("{{ {1:", ""),
    ] {
        let deep = format!("{}{}", open.repeat(5_000), close.repeat(5_000));
        let error = refused(&deep);
        let code =
            matches!(error, TemplateError::Syntax { .. } | TemplateError::TooMuchCode { .. });
        assert!(code, "{error} for {open}");
    }
    let text = format!("{{% set x = '{}' %}}{{{{ x | length }}}}", "x".repeat(20_000));
    assert_eq!(render(&text).unwrap(), "20000", "a text is no code");
}

#[test]
fn counting_nothing_ends() {
    assert_eq!(render("{{ 'abc'.count('') }}").unwrap(), "4");
}

/// What honest templates do at the size of the largest conversation.
#[test]
fn honest_templates_have_room() {
    let template = compile(
        "{% set ns = namespace(all=[], text='') %}{% for m in messages %}\
         {% set ns.all = ns.all + [{'role': m.role, 'content': m.content | trim}] %}\
         {% set content = m.content.split('</think>')[-1].lstrip('\\n') %}\
         {{ '<|' ~ m.role ~ '|>' + content + '\\n' }}{% endfor %}{{ ns.all | length }}",
    );
    let content = "a few words of text\n".repeat(50);
    let turns: Vec<_> = (0..2000).map(|_| (text::Role::User, content.as_str())).collect();
    let rendered = template.unwrap().render(&fixture::turns(&turns)).unwrap();
    assert!(rendered.text.len() > 2_000_000 && rendered.text.ends_with("2000"));
}

/// Steps that make nothing but look at all there is.
#[test]
fn what_a_template_reads_is_bounded_however_it_reads_it() {
    let big = "{% set big = 'x' * 10000000 %}{% set near = 'x' * 9999999 ~ 'y' %}\
               {% set items = range(90000) %}";
    for body in [
        "{% if big == near %}{% endif %}",
        "{% if near <= big %}{% endif %}",
        "{% if 'y' in big %}{% endif %}",
        "{% if 'y' not in big %}{% endif %}",
        "{% if near in big %}{% endif %}",
        "{% if big is eq near %}{% endif %}",
        "{% if 'y' is in big %}{% endif %}",
        "{% if big is lower %}{% endif %}",
        "{% if big.find('y') %}{% endif %}",
        "{% if big.count('y') %}{% endif %}",
        "{% if big.count('') %}{% endif %}",
        "{% if big.startswith(near) %}{% endif %}",
        "{% if big.isalpha() %}{% endif %}",
        "{% if {}.get(big) %}{% endif %}",
        "{% if messages[0][big] %}{% endif %}",
        "{% if big | length %}{% endif %}",
        "{% if big[9999999] %}{% endif %}",
        "{% if big[9999999:] %}{% endif %}",
        "{% if loop.changed(big) %}{% endif %}",
        "{% if -1 in items %}{% endif %}",
        "{% if items | last %}{% endif %}",
        "{% if items | max %}{% endif %}",
        "{% if items[89999] %}{% endif %}",
        "{% if (' ' * 10 + big).strip('x') %}{% endif %}",
        "{% if [big, near] | sort %}{% endif %}",
        "{% if ['x'] | select('in', big) %}{% endif %}",
    ] {
        let source = big.to_owned() + &many(body);
        let error = refused(&source);
        let soon = matches!(
            error,
            TemplateError::TooMuchRead { line: 1 } | TemplateError::TooMuchMade { .. }
        );
        assert!(soon, "{error:?} for {body}");
    }
    let said = TemplateError::TooMuchRead { line: 3 }.to_string();
    assert!(said.contains("template line 3") && said.contains("536870912"), "{said}");
}

/// One step alone that would look at one thing again for each part of another.
#[test]
fn one_step_reads_no_more_than_is_paid_for() {
    for ends in ["| trim(CHARS)", ".strip(CHARS)", ".lstrip(CHARS)", ".rstrip(CHARS)"] {
        let chars = "('a' * 2000000) ~ 'b'";
        let source = format!("{{{{ ('b' * 2000000) {} }}}}", ends.replace("CHARS", chars));
        assert_eq!(render(&source).as_deref(), Ok(""), "{source}");
    }
    let path = "('0.' * 2000000) ~ '0'";
    for filter in ["map", "sort", "unique", "groupby"] {
        let source = format!(
            "{{{{ (('a' * 90000) | list) | {filter}(attribute={path}) | list | length }}}}"
        );
        let error = refused(&source);
        assert!(matches!(error, TemplateError::TooMuchRead { line: 1 }), "{error:?} for {source}");
    }
}
