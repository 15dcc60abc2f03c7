# What developers wrote down before anybody heard of sdsync: issues of standard input, a
# line of JSON each, made in one process. Prints their numbers. Each is written by the
# person in "by"; all at once, or none; and nobody is mailed for what is long past.
require 'json'

def kept(record)
  record.save or raise "#{record.class}: #{record.errors.full_messages.join(', ')}"
  record
end

def person(login)
  User.find_by_login(login)
end

ActionMailer::Base.perform_deliveries = false
project = Project.find_by_identifier(ARGV.fetch(0))
made = Issue.transaction do
  # A transaction of SQLite that begins with a read cannot wait for its lock, so it begins with a write.
  project.touch
  $stdin.each_line.map do |line|
    told = JSON.parse(line)
    issue = Issue.new(project: project, author: person(told['by']), tracker: Tracker.find_by_name(told['tracker']))
    issue.status = IssueStatus.find_by_name(told['status'])
    issue.priority = IssuePriority.find_by_name(told['priority'])
    issue.assigned_to = person(told['owner'])
    issue.subject, issue.description, issue.due_date = told.values_at('subject', 'description', 'due_date')
    issue.notify = false
    kept(issue)
    told['watchers'].each { |login| issue.add_watcher(person(login)) }
    told['notes'].each do |by, text, hidden|
      journal = Journal.new(journalized: issue, user: person(by), notes: text, private_notes: hidden)
      journal.notify = false
      kept(journal)
    end
    issue.id
  end
end
puts made.map { |id| "MADE #{id}" }
