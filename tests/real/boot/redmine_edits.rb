# What developers do while sdsync watches: edits of standard input, a line of JSON each
# ([person, issue, deed, value]), in one process, each on its own. Deeds are note, private note,
# or a field to set. Nobody is mailed for them: what is mailed from then on is mailed for
# what sdsync does.
require 'json'

ActionMailer::Base.perform_deliveries = false

def edit(by, number, deed, value)
  # A transaction of SQLite that begins with a read cannot wait for its lock, so it begins with a write.
  Issue.where(id: number).update_all('id = id')
  issue = Issue.find(number)
  journal = issue.init_journal(User.find_by_login(by))
  journal.notify = false
  case deed
  when 'note' then journal.notes = value
  when 'private note' then journal.notes, journal.private_notes = value, true
  when 'status' then issue.status = IssueStatus.find_by_name(value)
  when 'priority' then issue.priority = IssuePriority.find_by_name(value)
  when 'assigned_to' then issue.assigned_to = User.find_by_login(value)
  else issue.public_send("#{deed}=", value)
  end
  issue.save or raise "##{number} #{deed} #{value}: #{issue.errors.full_messages.join(', ')}"
end

$stdin.each_line { |line| Issue.transaction { edit(*JSON.parse(line)) } }
