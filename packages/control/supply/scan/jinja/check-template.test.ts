import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scanBytes } from "../testing/scan-bytes.ts";

const verdict = (template: string): string => scanBytes(Buffer.from(template), "chat.jinja").verdict;

test("templates as models have them are proven safe", () => {
  for (const template of [
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] | trim }}{% endfor %}",
    "{%- set ns = namespace(last=messages|length - 1) %}{{ messages[ns.last].content }}",
    "{% macro render(tool) %}{{ tool.name | upper }}{% endmacro %}{{ render(tools[0]) }}",
    "{% if not x is defined %}{{ raise_exception('no ' ~ x) }}{% endif %}{{ m.content.split('</think>')[-1].lstrip('\\n') }}",
    "{# a comment with __class__ #}{% raw %}{{ __globals__ }}{% endraw %}{{ tools | tojson(indent=2) }}",
    "{% for k, v in args.items() %}{{ args[k] }}{{ {'a': 1}['a'] }}{{ messages[1:] | selectattr('role', 'equalto', 'user') | list | length }}{% endfor %}",
  ])
    assert.equal(verdict(template), "proven-safe", template);
});

test("ways out of a template are dangerous however they are written", () => {
  for (const template of [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ ''['__class__'] }}",
    "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ ''|attr('__class__') }}",
    "{{ lipsum.__globals__['os'] }}",
    "{%- if x is defined -%}{{ self.__init__ }}{%- endif -%}",
    "{{ [].pop.im_func.func_globals }}",
    "{{ x|map(attribute='__class__')|list }}",
    "{{ messages[0]('id') }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(x) }}",
  ])
    assert.equal(verdict(template), "dangerous", template);
});

test("a name that is put together, or a listed name with another meaning, is not proven", () => {
  for (const template of [
    "{{ x['__cl' ~ 'ass__'] }}",
    "{{ x['%s' % y] }}",
    "{% set k = '_' ~ '_cl' %}{{ x[k] }}",
    "{% set ns.k = ['a','b']|join %}{{ x[ns.k] }}",
    "{% for k in ['a' ~ 'b'] %}{{ x[k] }}{% endfor %}",
    "{% macro g(k) %}{{ x[k] }}{% endmacro %}{{ g('a' ~ 'b') }}",
    "{% set range = x %}{{ range(3) }}",
    "{% macro a() %}{% endmacro %}{% macro b(a) %}{{ a('id') }}{% endmacro %}",
    "{{ x.system('id') }}",
    "{{ unknown('id') }}",
    "{% include 'x' %}",
    "{% import 'os' as os %}",
  ])
    assert.notEqual(verdict(template), "proven-safe", template);
});

test("a template that does not parse is malformed", () => {
  for (const template of ["{{ 'a }}", "{% if x ", "{# open", "{% raw %}{{ x }}"])
    assert.equal(verdict(template), "malformed");
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom("{{", "}}", "{%", "%}", "'", "x", "[", "]", "(", ")", ".", "|", "~", " set ", "__", "\\"),
        { maxLength: 40 },
      ),
      (parts) => {
        verdict(parts.join(""));
      },
    ),
  );
});
