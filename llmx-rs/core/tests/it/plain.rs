//! A second reading of plain scripts, to hold the first one against. The fuzz target has it, too.

/// Reads a script as POSIX describes the shell's own reading, as far as it is plain: words, quotes
/// without anything special in them, separators, comments. `None` for everything else.
pub(crate) fn plain(script: &str) -> Option<Vec<Vec<String>>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut characters = script.chars().peekable();
    while let Some(next) = characters.next() {
        let in_word = word.is_some();
        match next {
            ' ' | '\t' => end_word(&mut word, &mut commands),
            '#' if !in_word => while characters.next_if(|c| *c != '\n').is_some() {},
            '\'' => loop {
                match characters.next()? {
                    '\'' => {
                        word.get_or_insert_default();
                        break;
                    }
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            '"' => loop {
                match characters.next()? {
                    '"' => {
                        word.get_or_insert_default();
                        break;
                    }
                    '$' | '`' | '\\' => return None,
                    inside => word.get_or_insert_default().push(inside),
                }
            },
            '\n' | ';' | '|' | '&' => {
                end_word(&mut word, &mut commands);
                let twice = matches!(next, '|' | '&') && characters.next_if_eq(&next).is_some();
                if next == '&' && !twice {
                    return None;
                }
                commands.push(Vec::new());
            }
            '$' | '`' | '\\' | '<' | '>' | '(' | ')' | '{' | '}' | '*' | '?' | '[' | ']' | '~'
            | '\0' => return None,
            other => word.get_or_insert_default().push(other),
        }
    }
    end_word(&mut word, &mut commands);
    commands.retain(|words| !words.is_empty());
    Some(commands)
}

fn end_word(word: &mut Option<String>, commands: &mut [Vec<String>]) {
    if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
        command.push(word);
    }
}
