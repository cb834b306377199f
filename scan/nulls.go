package scan

// AppendWithoutNulls appends an object or another value less the members of its objects that are null, at every depth. The
// text must be valid.
func AppendWithoutNulls(b, text []byte) []byte {
	n := nulls{to: b, text: text}
	n.value()
	return n.to
}

// A nulls copies valid JSON text, once, forward.
type nulls struct {
	to   []byte
	text []byte
	at   int
}

// next skips white space and returns the byte behind it.
func (n *nulls) next() byte {
	for n.text[n.at] <= ' ' {
		n.at++
	}
	return n.text[n.at]
}

// token returns a string, or a number or a word.
func (n *nulls) token() []byte {
	start := n.at
	if n.text[n.at] == '"' {
		for n.at++; n.text[n.at] != '"'; n.at++ {
			if n.text[n.at] == '\\' {
				n.at++
			}
		}
		n.at++
		return n.text[start:n.at]
	}
	for n.at < len(n.text) && n.text[n.at] > ' ' && n.text[n.at] != ',' && n.text[n.at] != ']' && n.text[n.at] != '}' {
		n.at++
	}
	return n.text[start:n.at]
}

func (n *nulls) value() {
	switch n.next() {
	case '{':
		n.members()
	case '[':
		n.items()
	default:
		n.to = append(n.to, n.token()...)
	}
}

func (n *nulls) items() {
	n.to = append(n.to, '[')
	first := true
	for n.at++; n.next() != ']'; {
		if n.text[n.at] == ',' {
			n.at++
			n.next()
		}
		if !first {
			n.to = append(n.to, ',')
		}
		first = false
		n.value()
	}
	n.at++
	n.to = append(n.to, ']')
}

func (n *nulls) members() {
	n.to = append(n.to, '{')
	first := true
	for n.at++; n.next() != '}'; {
		if n.text[n.at] == ',' {
			n.at++
			n.next()
		}
		name := n.token()
		n.next()
		n.at++ // the colon
		if n.next() == 'n' {
			n.token()
			continue
		}
		if !first {
			n.to = append(n.to, ',')
		}
		first = false
		n.to = append(append(n.to, name...), ':')
		n.value()
	}
	n.at++
	n.to = append(n.to, '}')
}
