using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RewardForcing.Native.Formats;

/// <summary>Puts the events of the YAML parser together to values, within bounds.</summary>
internal sealed class YamlComposer(string file, string text)
{
    private const int MaxDepth = 32;
    private const int MaxValues = 100_000;
    private const string MergeKey = "<<";
    private readonly Parser _parser = new(new StringReader(text));
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);

    /// <summary>The one document of the file; without any content it is an object without members.</summary>
    public YamlNode Compose()
    {
        _parser.Consume<StreamStart>();
        if (_parser.TryConsume<StreamEnd>(out _))
        {
            return new YamlNode.Object([]);
        }

        _parser.Consume<DocumentStart>();
        YamlNode root = IsNothing() ? new YamlNode.Object([]) : Node(0);
        _parser.Consume<DocumentEnd>();
        return _parser.Accept<DocumentStart>(out DocumentStart? second) ? throw Error($"holds a second document (line {second.Start.Line}), expected one") : root;
    }

    // A document of comments is an empty plain value.
    private bool IsNothing()
    {
        bool isNothing = _parser.Accept<Scalar>(out Scalar? scalar) && scalar is { Style: ScalarStyle.Plain, Value: "" } && scalar.Anchor.IsEmpty && scalar.Tag.IsEmpty;
        return isNothing && _parser.MoveNext();
    }

    private YamlNode Node(int depth)
    {
        NodeEvent? found = null;
        if (_parser.TryConsume<AnchorAlias>(out AnchorAlias? alias))
        {
            return _anchors.TryGetValue(alias.Value.Value, out YamlNode? target) ? target
                : throw Error($"refers to *{Printable.Text(alias.Value.Value)} (line {alias.Start.Line}), which is not complete at that place");
        }

        YamlNode node;
        if (_parser.TryConsume<Scalar>(out Scalar? scalar))
        {
            (found, node) = (scalar, YamlScalar.Resolve(file, scalar));
        }
        else if (_parser.TryConsume<SequenceStart>(out SequenceStart? sequence))
        {
            found = Collection(sequence, YamlScalar.CoreTag + "seq", depth);
            node = List(depth);
        }
        else
        {
            MappingStart mapping = _parser.Consume<MappingStart>();
            found = Collection(mapping, YamlScalar.CoreTag + "map", depth);
            node = Object(depth);
        }

        if (node.Size > MaxValues)
        {
            throw Error($"stands for more than {MaxValues:N0} values at line {found.Start.Line} once its aliases are followed");
        }

        if (!found.Anchor.IsEmpty)
        {
            _anchors[found.Anchor.Value] = node;
        }

        return node;
    }

    private NodeEvent Collection(NodeEvent start, string tag, int depth)
    {
        if (!start.Tag.IsEmpty && !start.Tag.IsNonSpecific && start.Tag.Value != tag)
        {
            throw Error($"has the tag {Printable.Text(start.Tag.Value)} in line {start.Start.Line}; nothing but plain values, lists and mappings is read");
        }

        return depth < MaxDepth ? start : throw Error($"is nested deeper than {MaxDepth} levels at line {start.Start.Line}");
    }

    private YamlNode.List List(int depth)
    {
        List<YamlNode> items = [];
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Node(depth + 1));
        }

        return new YamlNode.List(items);
    }

    private YamlNode.Object Object(int depth)
    {
        List<KeyValuePair<string, YamlNode>> members = [];
        List<YamlNode> merged = [];
        HashSet<string> keys = new(StringComparer.Ordinal);
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            if (!_parser.TryConsume<Scalar>(out Scalar? key))
            {
                throw Error($"has a key that is not a plain text in line {_parser.Current?.Start.Line}");
            }

            if (!keys.Add(key.Value))
            {
                throw new ModelFormatException(file, $"has the key {Printable.Text(key.Value)} twice, again in line {key.Start.Line}; remove one of them", key.Value);
            }

            YamlNode value = Node(depth + 1);
            if (key is { Value: MergeKey, Style: ScalarStyle.Plain })
            {
                merged.Add(value);
            }
            else
            {
                members.Add(KeyValuePair.Create(key.Value, value));
            }
        }

        // What a mapping says itself goes before what it takes over, and what it takes over first before the rest.
        foreach (YamlNode source in merged.SelectMany(static value => value is YamlNode.List list ? list.Items : [value]))
        {
            IReadOnlyList<KeyValuePair<string, YamlNode>> taken = source is YamlNode.Object mapping ? mapping.Members
                : throw Error($"merges something with {MergeKey} that is no mapping", MergeKey);
            members.AddRange(taken.Where(member => keys.Add(member.Key)));
        }

        return new YamlNode.Object(members);
    }

    private ModelFormatException Error(string sentence, string? key = null) => new(file, sentence, key);
}
